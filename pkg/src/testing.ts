/** Tests for what users write themselves. An entry of its own, `snapfold/testing`; it depends on no runner and runs everywhere. */
export { storeConformance, type ConformanceCheck, type ConformanceOptions, type Offer, type Rule } from './testing/store-conformance.js';
