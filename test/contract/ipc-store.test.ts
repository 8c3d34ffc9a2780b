import { InProcessSupervisor } from '../support/in-process-workers.js';
import { storeContract } from './store.js';

storeContract('IpcStore', (now) => new InProcessSupervisor(now).worker('one').store);
