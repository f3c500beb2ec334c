/**
 * For the tests of applications: laws that their reducers have to keep, a lock that notices when results change, and what a store must do. An
 * entry of its own, `snapfold/testing`; it depends on no test runner.
 */
export type { Check } from './check.js';
export { snapshotLaws, type Law, type LawOptions } from './laws.js';
export { definitionLock, type CurrentLock, type DefinitionLock } from './lock.js';
export { storeConformance, type ConformanceOptions, type Offer, type Rule } from './store-conformance.js';
export type { TrialEvents } from './trial.js';
