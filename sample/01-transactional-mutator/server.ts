import 'reflect-metadata';
import { startGitaly } from './gitaly/gitaly.app.js';

const { app, address } = await startGitaly(Number(process.env['PORT'] ?? 50051));
app.enableShutdownHooks(['SIGINT', 'SIGTERM']);
console.log(`Gitaly listening on ${address}`);
