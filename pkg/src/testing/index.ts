/** For the tests of applications: laws that their reducers have to keep, and a lock that notices when results change. For any test runner. */
export type { Check } from './check.js';
export { snapshotLaws, type Law, type LawOptions } from './laws.js';
export { definitionLock, type CurrentLock, type DefinitionLock } from './lock.js';
export type { TrialEvents } from './trial.js';
