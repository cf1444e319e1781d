import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { BACKCHANNEL_MAGIC } from '../../lib/backchannel/magic.js';
import { ErrorCode } from '../../lib/http2/protocol/frame.js';
import { errorFamilies, errorsPage } from '../docs/errors-page.js';
import { OPTION_PAGES, optionPage } from '../docs/option-tables.js';
import { readTrace } from '../fixtures/golden-replay.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Paths, from the root on, of the files below `folder` that end with `suffix`. */
function filesIn(folder: string, suffix: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(suffix) && !/node_modules|docs\/api/.test(path));
}

/** Codes that are Node's. */
const OF_NODE = new Set(['ERR_MODULE_NOT_FOUND', 'ERR_BUFFER_TOO_LARGE']);

/** Codes of Node, and those that become the message of another error before anybody sees them. */
const NOT_OF_USERS = /^ERR_(MODULE_NOT_FOUND|BUFFER_TOO_LARGE|HPACK_\w+)$/;

const troubleshooting = read('docs/troubleshooting.md');
const protocol = read('docs/protocol.md');

describe('docs/troubleshooting.md', () => {
  const sources = filesIn('lib', '.ts').map(read).join('\n');

  it('has every error code of the package', () => {
    const named = [...sources.matchAll(/'(ERR_[A-Z0-9_]+)'/g)].map(([, code]) => code!);
    const codes = [...new Set(named)].filter((code) => !NOT_OF_USERS.test(code));

    expect(codes.length).toBeGreaterThan(15);
    expect(codes.filter((code) => !troubleshooting.includes(`\`${code}\``))).toEqual([]);
  });

  it('names no error code that there is not', () => {
    const named = [...troubleshooting.matchAll(/`(ERR_(?:BACKCHANNEL|YAMUX|HTTP2)[A-Z_]*)`/g)];

    expect(named.map(([, code]) => code!).filter((code) => !sources.includes(code))).toEqual([]);
  });

  it('quotes log lines as they are', () => {
    const section = sectionOf(troubleshooting, 'Lines in the log');
    const quotes = [...section.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, quote]) => quote!);
    const lines = quotes.filter((quote) => quote !== 'read ECONNRESET' && !quote.endsWith('…'));
    const isSaid = (line: string): boolean =>
      line.split(/\d+/).every((part) => sources.includes(part));

    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => !isSaid(line))).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  const documented = errorFamilies().flatMap(({ codes }) => codes);

  it('is what the doc blocks of the codes say (npm run docs:errors writes it)', async () => {
    expect(read('docs/errors.md')).toBe(await errorsPage());
  });

  it('has every error code of the package, its gRPC status and a remedy', () => {
    const sources = filesIn('lib', '.ts').map(read).join('\n');
    const named = new Set([...sources.matchAll(/'(ERR_[A-Z0-9_]+)'/g)].map(([, code]) => code!));
    const codes = new Set(documented.map(({ code }) => code));

    expect([...named].filter((code) => !codes.has(code) && !OF_NODE.has(code))).toEqual([]);
    for (const { code, meaning, status: of, remedy } of documented) {
      expect([code, meaning, remedy]).not.toContain('');
      expect(of).toMatch(new RegExp(`^(none|by |${Object.keys(status).join('|')})`));
    }
  });

  it('says of which class they are', () => {
    expect(errorFamilies().map(({ className }) => className)).not.toContain('');
  });
});

describe('tables of options', () => {
  it.each(OPTION_PAGES)('are what the code says in $path (npm run docs:options)', async (page) => {
    expect(read(page.path)).toBe(await optionPage(page));
  });
});

describe('docs/protocol.md', () => {
  const rules = new Set(rulesOf(protocol));

  it('gives each number to one rule', () => {
    const defined = [...protocol.matchAll(/^- \*\*([A-Z]{2}-\d{2})\*\*/gm)].map(([, id]) => id!);

    expect(defined.length).toBeGreaterThan(100);
    expect(defined.filter((id, i) => defined.indexOf(id) !== i)).toEqual([]);
  });

  it('has every rule that a test is named after, or a reference is made to', () => {
    const series = [...new Set([...rules].map((id) => id.slice(0, 2)))].join('|');
    const ids = new RegExp(`\\b(?:${series})-\\d{2}\\b`, 'g');
    const tests = filesIn('test', '.spec.ts').map(read).join('\n');
    const named = new Set([...tests.matchAll(ids), ...protocol.matchAll(ids)].map(([id]) => id));

    expect([...named].filter((id) => !rules.has(id))).toEqual([]);
  });

  it('shows the recording of two Go ends, byte by byte', () => {
    const [, name, text] = /<!-- golden: (\S+) -->\s*```text\n(.*?)```/s.exec(protocol)!;
    const frames = text!.split('\n').filter((line) => /^[→←]/.test(line));

    expect(frames.map((line) => [senderOf(line), hexOf(line)])).toEqual(
      readTrace(name!).frames.map(({ from, hex }) => [from, hex]),
    );
  });

  it('names the magic by its bytes', () => {
    const bytes = Buffer.from(BACKCHANNEL_MAGIC).toString('hex').match(/../g)!.join(' ');

    expect(protocol).toContain(`\`${bytes}\` (\`${BACKCHANNEL_MAGIC}\``);
  });

  it('shows a refusal that is what it says', () => {
    const [, text] = /```\n(← .*?)```/s.exec(sectionOf(protocol, 'Refusal'))!;
    const lines = text!.trimEnd().split('\n');
    const hex = lines.map((line) => /[0-9a-f]{8,}/.exec(line)![0]).join('');
    const bytes = Buffer.from(hex, 'hex');
    const payload = bytes.subarray(24);

    expect(bytes.subarray(0, 12).toString('hex')).toBe('000100020000000100000000');
    expect(bytes.subarray(12, 20).toString('hex')).toBe('0000000000000001');
    expect(bytes.readUInt32BE(20)).toBe(payload.length);
    expect(payload.readUIntBE(0, 3)).toBe(payload.length - 9);
    expect(payload.subarray(3, 13).toString('hex')).toBe('07000000000000000000');
    expect(payload.readUInt32BE(13)).toBe(ErrorCode.InadequateSecurity);
    expect(payload.subarray(17).toString()).toMatch(/^peer refused: ./);
  });
});

describe('code of files that documents show', () => {
  const shown = filesIn('docs', '.md').flatMap((path) => {
    const blocks = read(path).matchAll(
      /<!-- file: ((?:sample|test)\/\S+) -->\s*```\w+\n([\s\S]*?)```/g,
    );
    return [...blocks].map(([, file, code]) => [path, file!, code!] as const);
  });

  it('is found', () => {
    expect(shown.length).toBeGreaterThan(5);
  });

  it.each(shown)('stands in %s as it is in %s', (_, file, code) => {
    expect(read(file)).toContain(code);
  });

  it('is all the TypeScript of docs/typed-stubs.md', () => {
    const all = read('docs/typed-stubs.md').match(/^```ts$/gm) ?? [];
    expect(shown.filter(([path]) => path === 'docs/typed-stubs.md')).toHaveLength(all.length);
  });
});

describe('links between documents', () => {
  const documents = [
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...['docs', 'sample', 'test'].flatMap(markdown),
  ];

  it.each(documents)('lead somewhere from %s', (path) => {
    const links = [...withoutCode(read(path)).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)];

    expect(links.map(([, link]) => link!).filter((link) => !exists(path, link))).toEqual([]);
  });

  function markdown(folder: string): string[] {
    return filesIn(folder, '.md');
  }

  function exists(from: string, link: string): boolean {
    const [file, anchor] = link.split('#') as [string, string?];
    const target = file === '' ? join(root, from) : resolve(root, dirname(from), file);
    if (!existsSync(target)) return false;
    return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor);
  }
});

describe('README.md', () => {
  it('lists every page of docs/', () => {
    const readme = read('README.md');
    const pages = filesIn('docs', '.md');

    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
  });
});

/** Numbers of rules, and those of ranges such as "**HC-07** to **HC-15**". */
function rulesOf(text: string): string[] {
  const ranges = text.matchAll(/\*\*([A-Z]{2})-(\d{2})\*\*(?: to \*\*[A-Z]{2}-(\d{2})\*\*)?/g);
  return [...ranges].flatMap(([, series, first, last = first]) => {
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => {
      return `${series}-${String(Number(first) + i).padStart(2, '0')}`;
    });
  });
}

function senderOf(line: string): string {
  return line.startsWith('→') ? 'dialing' : 'listening';
}

function hexOf(text: string): string {
  return text.replace(/[^0-9a-f]/g, '');
}

/** What stands under a heading, up to the next of its level. */
function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`## ${heading}\n`);
  return text.slice(start).split(/^## /m)[1]!;
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
