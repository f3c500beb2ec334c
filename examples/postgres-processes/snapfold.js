// @ts-check
/** The package built in place, and its pg. An application of your own imports from 'snapfold', 'snapfold/postgres' and 'pg' instead. */
export * from '../../pkg/dist/node.js';
export { keys } from '../../pkg/dist/plans.js';
export * from '../../pkg/dist/stores/postgres.js';
export { default as pg } from '../../pkg/node_modules/pg/esm/index.mjs';
