export { yamuxJsSessionFactory, type YamuxJsOptions } from './yamux-js-session-factory.js';
