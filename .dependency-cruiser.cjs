/** The layers of lib/, lowest first. Imports go down only, and through the entry point of a layer (its index.ts). */
const LAYERS = [
  'options',
  'context',
  'wire',
  'yamux',
  'listenmux',
  'http2',
  'grpc',
  'backchannel',
  'nest',
];

/** Side layers on top of the backchannel: exported on their own, used by no other layer. */
const SIDE_LAYERS = ['yamux-js', 'connect', 'testing'];

const up = LAYERS.map((layer, level) => ({
  name: `${layer}-imports-nothing-above`,
  comment: `lib/${layer} may only import from layers below it.`,
  severity: 'error',
  from: { path: `^lib/${layer}/` },
  to: {
    path: `^lib/(index\\.ts|(${[...LAYERS.slice(level + 1), ...SIDE_LAYERS].join('|')})/)`,
  },
}));

const entryPoints = [...LAYERS, ...SIDE_LAYERS].map((layer) => ({
  name: `${layer}-has-one-entry-point`,
  comment: `What lib/${layer}/index.ts does not export is private to the folder.`,
  severity: 'error',
  from: { path: '^lib/', pathNot: `^lib/${layer}/` },
  to: { path: `^lib/${layer}/`, pathNot: `^lib/${layer}/index\\.ts$` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...up,
    ...entryPoints,
    {
      name: 'yamux-listenmux-and-http2-stand-alone',
      comment: 'None of these layers needs another one of them.',
      severity: 'error',
      from: { path: '^lib/(listenmux|http2)/' },
      to: { path: '^lib/(yamux|listenmux)/', pathNot: '^lib/$1/' },
    },
    {
      name: 'no-grpc-in-the-lower-layers',
      severity: 'error',
      from: { path: '^lib/(options|context|wire|yamux|listenmux|http2)/' },
      to: { path: 'node_modules/(@grpc|@nestjs|rxjs)' },
    },
    {
      name: 'http2-is-behind-grpc',
      comment:
        'The backchannel knows streams and gRPC; grpc/go-away.ts writes the frames that it needs.',
      severity: 'error',
      from: { path: '^lib/backchannel/' },
      to: { path: '^lib/http2/' },
    },
    {
      name: 'no-nest-below-nest',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(nest/|testing/|index\\.ts$)' },
      to: { path: 'node_modules/@nestjs' },
    },
    {
      name: 'connect-needs-no-nest',
      comment: 'Clients of Connect work without Nest.',
      severity: 'error',
      from: { path: '^lib/connect/' },
      to: { path: '^lib/nest/' },
    },
    {
      name: 'no-rxjs-below-the-backchannel',
      comment: 'The registry tells of its peers by an observable; nothing below has a use for one.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(backchannel/|nest/|testing/|index\\.ts$)' },
      to: { path: 'node_modules/rxjs' },
    },
    {
      name: 'no-circles',
      comment: 'Neither at run time nor by types.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-declared-packages',
      comment: 'A script of the build is not part of the package.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/build-commonjs\\.mjs$' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer', 'npm'],
      },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
