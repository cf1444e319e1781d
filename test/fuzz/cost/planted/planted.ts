import type { PlantedFault } from './edit.js';

/** Faults that there were, by name: each is put back alone, to show that the search finds its kind. */
export const PLANTED: Readonly<Record<string, PlantedFault>> = {
  'calls-not-counted': {
    category: 'heap',
    engine: 'built-in',
    edits: [
      {
        file: 'grpc/built-in/connection-memory.js',
        find: 'this.#held += bytes;',
        replace: '',
      },
    ],
  },
  'names-make-errors': {
    category: 'cpu',
    engine: 'built-in',
    edits: [
      {
        file: 'grpc/built-in/received-entries.js',
        find: 'this.#except = except;',
        replace: 'this.#except = except; this.#makeAll();',
      },
      {
        file: 'grpc/built-in/received-entries.js',
        find: 'const known = texts.get(name);',
        replace: `const known = texts.get(name);
        if (!LEGAL_NAME.test(name)) String(new Error(\`illegal name "\${name}"\`).stack);`,
      },
    ],
  },
  'values-not-counted': {
    category: 'block',
    engine: 'built-in',
    edits: [
      {
        file: 'http2/inbound/header-list-limits.js',
        find: "if (listNameSuffix === '')",
        replace: 'if (true)',
      },
      {
        file: 'grpc/built-in/received-entries.js',
        find: 'this.#except = except;',
        replace: 'this.#except = except; this.#makeAll();',
      },
    ],
  },
  'texts-repeated-whole': {
    category: 'sent',
    edits: [
      {
        file: 'http2/protocol/excerpt.js',
        find: 'if (text.length <= MAX_LENGTH)',
        replace: 'if (true)',
      },
    ],
  },
  'names-kept': {
    category: 'left',
    edits: [
      {
        file: 'nest/standard-services/bounded-health.js',
        find: 'watchers.delete(service);',
        replace: ';',
      },
    ],
  },
  'close-without-limit': {
    category: 'time',
    edits: [
      {
        file: 'backchannel/end-session.js',
        find: 'await withTimeout(limitMs, session.close());',
        replace: 'await session.close();',
      },
    ],
  },
};
