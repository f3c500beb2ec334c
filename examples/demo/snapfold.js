// @ts-check
/** The package under test, built in place. An application of your own imports from 'snapfold' and 'snapfold/sqlite' instead. */
export * from '../../pkg/dist/node.js';
export * from '../../pkg/dist/stores/sqlite.js';
