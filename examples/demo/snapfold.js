// @ts-check
/** The package under test, built in place. In an application of your own this file is `import … from 'snapfold'`. */
export * from '../../pkg/dist/node.js';
