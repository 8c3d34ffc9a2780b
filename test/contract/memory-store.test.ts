import { MemoryStore } from '../../src/store/memory.js';
import { storeContract } from './store.js';

storeContract('MemoryStore', (now) => new MemoryStore({ now }));
