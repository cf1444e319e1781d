export * from '../../../fixtures/ts-proto/generated/demo.js';
