import {
  makeClientConstructor,
  type loadPackageDefinition,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';

/** What is in proto files, by full names. */
export type PackageDefinition = Parameters<typeof loadPackageDefinition>[0];

type ServiceClass = ReturnType<typeof makeClientConstructor>;

/** The services of proto files, by the parts of their full names; no node has a prototype. */
export interface PackageTree {
  [name: string]: PackageTree | ServiceClass;
}

/** A service and its name relative to the package that it was looked for in. */
export interface ServiceEntry {
  readonly name: string;
  readonly service: ServiceClass;
}

/**
 * As `loadPackageDefinition` of grpc-js, but without types of messages, and for names of packages,
 * services and methods that objects have by themselves: `constructor`, `toString`.
 */
export function packageTree(definition: PackageDefinition): PackageTree {
  const root = node();
  for (const [fullName, entry] of Object.entries(definition)) {
    const path = fullName.split('.');
    const name = path.pop()!;
    let current = root;
    for (const part of path) {
      const child = (current[part] ??= node());
      if (typeof child === 'function') throw new Error(`${fullName} is inside of a service`);
      current = child;
    }
    if (!isType(entry)) current[name] = makeClientConstructor(entry, name);
  }
  return root;
}

/** The node at a package's full name, or undefined. An empty name is the root. */
export function packageAt(root: PackageTree, name: string | undefined): PackageTree | undefined {
  let current: PackageTree[string] | undefined = root;
  for (const part of name ? name.split('.') : []) {
    current = typeof current === 'object' ? current[part] : undefined;
  }
  return typeof current === 'object' ? current : undefined;
}

/** All services below a node. */
export function servicesIn(tree: PackageTree, prefix = ''): ServiceEntry[] {
  return Object.entries(tree).flatMap(([part, child]) => {
    const name = `${prefix}${part}`;
    return typeof child === 'function' ? [{ name, service: child }] : servicesIn(child, `${name}.`);
  });
}

/**
 * The methods of a service by their names, and in camel case where no other method has that name; without
 * a prototype.
 */
export function methodsByName(
  service: ServiceDefinition,
): Record<string, MethodDefinition<unknown, unknown>> {
  const methods = Object.assign(Object.create(null), service) as Record<
    string,
    MethodDefinition<unknown, unknown>
  >;
  for (const method of Object.values<MethodDefinition<unknown, unknown>>(service)) {
    if (method.originalName) methods[method.originalName] ??= method;
  }
  return methods;
}

function node(): PackageTree {
  return Object.create(null) as PackageTree;
}

/** Entries of messages and enums have a format, those of services have methods. */
function isType(
  entry: PackageDefinition[string],
): entry is Exclude<typeof entry, ServiceDefinition> {
  return typeof (entry as { format?: unknown }).format === 'string';
}
