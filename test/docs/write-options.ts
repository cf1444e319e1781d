import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_PAGES, optionPage } from './option-tables.js';
import { root } from './page.js';

for (const page of OPTION_PAGES) writeFileSync(join(root, page.path), await optionPage(page));
