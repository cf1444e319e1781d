import { columnsOfStockClients } from './harness/columns.js';
import { describeColumn } from './harness/describe-column.js';
import { describeTable } from './harness/describe-table.js';

describeTable();
for (const column of columnsOfStockClients) describeColumn(column);
