import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKCHANNEL_YAMUX_CONFIG } from '../../lib/backchannel/session-factory.js';
import { http2OptionsOf } from '../../lib/grpc/built-in/http2-options.js';
import { messageLimitsOf, sessionMemoryOf } from '../../lib/grpc/built-in/message-limits.js';
import { GRPC_NAMES } from '../../lib/grpc/connection-settings.js';
import { HTTP2_NUMBERS } from '../../lib/http2/connection-options.js';
import { DEFAULT_LISTEN_MUX_LIMITS } from '../../lib/listenmux/listen-mux-limits.js';
import { DEFAULT_YAMUX_CONFIG, YAMUX_CONFIG_RULES } from '../../lib/yamux/config.js';
import { docBlocks } from './doc-blocks.js';
import { formatPage, root } from './page.js';
import { inUnits, rangeOf } from './readable-values.js';

/** A page with tables of options, each behind a comment "options of …". */
interface OptionPage {
  /** From the root of the package. */
  path: string;
  /** Tables that are written as a whole. */
  whole: readonly TableName[];
  /** Tables of which only the columns `default` and `range` are written. */
  columns: readonly TableName[];
}

/** All pages with tables of options. */
export const OPTION_PAGES: readonly OptionPage[] = [
  { path: 'docs/options.md', whole: ['yamux', 'grpc'], columns: [] },
  { path: 'docs/limits.md', whole: [], columns: ['listener', 'http2', 'grpc', 'yamux'] },
];

/** What a table says of an option. */
interface DocumentedOption {
  /** As users write it. */
  name: string;
  default: string;
  range?: string;
  /** Its doc block. Without it, the option is no row of a table that is written as a whole. */
  text?: string;
}

type Http2Name = keyof typeof HTTP2_NUMBERS;

const TABLES = {
  yamux: yamuxOptions,
  http2: () => keysOf(HTTP2_NUMBERS).map(http2Option),
  grpc: () => [...grpcOptions(), ...grpcLimits()],
  listener: () =>
    keysOf(DEFAULT_LISTEN_MUX_LIMITS).map((name) => ({
      name,
      default: inUnits(name, DEFAULT_LISTEN_MUX_LIMITS[name]),
    })),
} satisfies Record<string, () => DocumentedOption[]>;

type TableName = keyof typeof TABLES;

/**
 * The text of a page, with the tables made of the library's sources.
 *
 * @throws Error if a table or the row or doc block of an option is missing, or if a default that is stated
 * in a doc block or a cell is not that of the code.
 */
export async function optionPage({ path, whole, columns }: OptionPage): Promise<string> {
  let page = readFileSync(join(root, path), 'utf8');
  for (const name of whole) page = replaceTable(page, name, () => wholeTable(TABLES[name]()));
  for (const name of columns) {
    page = replaceTable(page, name, (table) => withColumns(table, TABLES[name]()));
  }
  return formatPage(join(root, path), page);
}

function replaceTable(page: string, name: string, replace: (table: string) => string): string {
  const place = new RegExp(`(<!-- options of ${name}: .*-->\n\n)((?:\\|.*\n)+)`);
  if (!place.test(page)) throw new Error(`no table follows a comment "options of ${name}: …"`);
  return page.replace(place, (_, marker: string, table: string) => marker + replace(table));
}

function wholeTable(options: readonly DocumentedOption[]): string {
  const rows = options
    .filter(({ text }) => text !== undefined)
    .map(
      (option) => `| \`${option.name}\` | ${option.default} | ${option.range} | ${option.text} |`,
    );
  return ['| option | default | range | |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function withColumns(table: string, options: readonly DocumentedOption[]): string {
  const [head = '', line = '', ...rows] = table.trimEnd().split('\n');
  const [, , ...columns] = head.split('|').map((cell) => cell.trim());
  const missing = new Set(options);
  const filled = rows.map((row) => {
    const [start, names = '', ...cells] = row.split('|');
    const documented = [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => {
      return options.find((option) => option.name === name);
    });
    for (const option of documented) if (option) missing.delete(option);
    return [start, names, ...cells.map((cell, i) => cellOf(columns[i], cell, documented))].join(
      '|',
    );
  });
  for (const { name } of missing) throw new Error(`the option "${name}" has no row`);
  return [head, line, ...filled, ''].join('\n');
}

/** A cell with the values of the row's options. Without values it stays as it is, and has no number. */
function cellOf(
  column: string | undefined,
  cell: string,
  options: readonly (DocumentedOption | undefined)[],
): string {
  if (column !== 'default' && column !== 'range') return cell;
  const values = options.map((option) => option?.[column]);
  if (!values.includes(undefined)) return ` ${values.join('; ')} `;
  if (/\d/.test(cell)) throw new Error(`the ${column} "${cell.trim()}" is not from the code`);
  return cell;
}

function yamuxOptions(): DocumentedOption[] {
  const blocks = propertyBlocks('lib/yamux/config.ts', 'interface YamuxConfig');
  const defaults = { ...DEFAULT_YAMUX_CONFIG, ...BACKCHANNEL_YAMUX_CONFIG };
  return keysOf(YAMUX_CONFIG_RULES).map((name) => {
    const { range, expects } = YAMUX_CONFIG_RULES[name];
    return {
      name: `yamux.${name}`,
      default: inUnits(name, defaults[name]),
      range: range ? rangeOf(name, range) : expects,
      text: textOf(name, blocks.get(name), DEFAULT_YAMUX_CONFIG[name]),
    };
  });
}

function http2Option(name: Http2Name): DocumentedOption {
  return { name, default: inUnits(name, HTTP2_NUMBERS[name].value), range: http2Range(name) };
}

function http2Range(name: Http2Name): string {
  const rule = HTTP2_NUMBERS[name];
  return rangeOf(name, rule) + (rule.unlimited ? ', or Infinity' : '');
}

/** Options of gRPC that set an option of HTTP/2. */
function grpcOptions(): DocumentedOption[] {
  const blocks = propertyBlocks('lib/grpc/connection-settings.ts', 'const GRPC_NAMES');
  const defaults = http2OptionsOf({}, false);
  return keysOf(GRPC_NAMES).map((name) => ({
    name: GRPC_NAMES[name],
    default: inUnits(name, defaults[name]),
    range: http2Range(name),
    text: textOf(name, blocks.get(name), defaults[name]),
  }));
}

/** Options of gRPC that bound messages. No table has their ranges. */
function grpcLimits(): DocumentedOption[] {
  const { maxReceiveLength, maxSendLength } = messageLimitsOf({});
  const defaults = {
    'grpc.max_receive_message_length': inUnits('bytes', maxReceiveLength),
    'grpc.max_send_message_length': inUnits('bytes', maxSendLength),
    'grpc-node.max_session_memory': inUnits('bytes', sessionMemoryOf({})),
  };
  return Object.entries(defaults).map(([name, value]) => ({ name, default: value }));
}

/** Doc blocks of the properties of a declaration, by their names. */
function propertyBlocks(path: string, declaration: string): Map<string, string> {
  const [, body = ''] = readFileSync(join(root, path), 'utf8').split(`${declaration} `);
  return docBlocks(body.slice(0, body.indexOf('\n}')), /(\w+)\??:/);
}

/** The text of a doc block without the default at its end, which has a column of its own. */
function textOf(name: string, block = '', value: unknown): string {
  const [, text = '', stated] = /^(.*?)(?: Default (\S+)\.)?$/.exec(block) ?? [];
  if (text === '') throw new Error(`"${name}" has no doc block`);
  if (stated === undefined || stated === String(value)) return text;
  throw new Error(`the doc block of "${name}" states the default ${stated}, not ${String(value)}`);
}

function keysOf<T extends object>(object: T): (keyof T & string)[] {
  return Object.keys(object) as (keyof T & string)[];
}
