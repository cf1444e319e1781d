export { Cell } from './cell.js';
export { matrixMarkdown } from './matrix-markdown.js';
export { formatMatrix } from './matrix-table.js';
export { spreadOf } from './spread.js';
