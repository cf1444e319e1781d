/** The rooms of lib/, lowest first. Imports go down only, and through a room's door (its index.ts). */
const ROOMS = [
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

/** Side rooms on top of the backchannel: exported on their own, used by no other room. */
const SIDE_ROOMS = ['yamux-js', 'testing'];

const up = ROOMS.map((room, level) => ({
  name: `${room}-imports-nothing-above`,
  comment: `lib/${room} may only import from rooms below it.`,
  severity: 'error',
  from: { path: `^lib/${room}/` },
  to: {
    path: `^lib/(index\\.ts|(${[...ROOMS.slice(level + 1), ...SIDE_ROOMS].join('|')})/)`,
  },
}));

const doors = [...ROOMS, ...SIDE_ROOMS].map((room) => ({
  name: `${room}-has-one-door`,
  comment: `What lib/${room}/index.ts does not export is private to the folder.`,
  severity: 'error',
  from: { path: '^lib/', pathNot: `^lib/${room}/` },
  to: { path: `^lib/${room}/`, pathNot: `^lib/${room}/index\\.ts$` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...up,
    ...doors,
    {
      name: 'yamux-listenmux-and-http2-stand-alone',
      comment: 'None of these rooms needs another one of them.',
      severity: 'error',
      from: { path: '^lib/(listenmux|http2)/' },
      to: { path: '^lib/(yamux|listenmux)/', pathNot: '^lib/$1/' },
    },
    {
      name: 'no-grpc-in-the-lower-rooms',
      severity: 'error',
      from: { path: '^lib/(options|context|wire|yamux|listenmux|http2)/' },
      to: { path: 'node_modules/(@grpc|@nestjs|rxjs)' },
    },
    {
      name: 'no-nest-below-nest',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(nest/|testing/|index\\.ts$)' },
      to: { path: 'node_modules/@nestjs' },
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
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: '^lib/' },
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
