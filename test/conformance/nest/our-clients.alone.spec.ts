import { columnsOfOurClients } from './harness/columns.js';
import { describeColumn } from './harness/describe-column.js';

for (const column of columnsOfOurClients) describeColumn(column);
