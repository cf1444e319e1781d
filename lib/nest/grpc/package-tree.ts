import {
  makeClientConstructor,
  type loadPackageDefinition,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js';

/** Definitions of proto files, by full name. */
export type PackageDefinition = Parameters<typeof loadPackageDefinition>[0];

type ServiceClass = ReturnType<typeof makeClientConstructor>;

/** The services of proto files as a tree, by the parts of their full names. Nodes have no prototype. */
export interface PackageTree {
  [name: string]: PackageTree | ServiceClass;
}

/** A service, and its name relative to the package in which it was found. */
export interface ServiceEntry {
  readonly name: string;
  readonly service: ServiceClass;
}

/**
 * As `loadPackageDefinition` of grpc-js, but without message types. Packages, services and methods may
 * have names of inherited properties of objects, such as `constructor` or `toString`.
 *
 * @throws Error if a definition is inside of a service.
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

/** The node at the full name of a package, or undefined. An empty name is the root. */
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
 * The methods of a service by name, and by camel-case name where no other method has it. The returned
 * object has no prototype.
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

/** Definitions of messages and enums have a string `format`; those of services have methods. */
function isType(
  entry: PackageDefinition[string],
): entry is Exclude<typeof entry, ServiceDefinition> {
  return typeof (entry as { format?: unknown }).format === 'string';
}
