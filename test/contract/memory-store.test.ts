import { MemoryStore } from '../../src/auth/memory-store.js';
import { storeContract } from './store.js';

storeContract('MemoryStore', (now) => new MemoryStore({ now }));
