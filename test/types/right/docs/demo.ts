export * from '../../../fixtures/ts-proto/demo.js';
