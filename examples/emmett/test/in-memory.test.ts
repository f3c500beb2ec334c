import { getInMemoryEventStore } from '@event-driven-io/emmett';
import { memoryStore } from 'snapfold';
import { behaviour } from './behaviour.js';

behaviour(async () => ({ eventStore: getInMemoryEventStore(), snapshots: memoryStore() }));
