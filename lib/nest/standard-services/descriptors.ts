import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';

// The subset of google/protobuf/descriptor.proto that is used.
interface FileDescriptor {
  name: string;
  package?: string;
  dependency: string[];
  messageType: MessageDescriptor[];
  enumType: { name: string }[];
  service: { method: { inputType: string; outputType: string }[] }[];
  extension: FieldDescriptor[];
}

interface MessageDescriptor {
  name: string;
  field: FieldDescriptor[];
  nestedType: MessageDescriptor[];
  enumType: { name: string }[];
  extension: FieldDescriptor[];
  options?: { mapEntry?: boolean };
}

interface FieldDescriptor {
  name: string;
  label: number;
  typeName?: string;
  extendee?: string;
}

const LABEL_REPEATED = 3;

/**
 * Converts the descriptors of @grpc/proto-loader to those of a protobuf compiler: files name their
 * dependencies, types have full names, and map entries have their standard names. Go clients such as
 * grpcurl require this form.
 *
 * @param files - encoded `FileDescriptorProto`s, including the dependencies of each.
 * @returns the converted files, in the same order.
 */
export function mendDescriptors(files: Buffer[]): Buffer[] {
  const ofOptions = loadSync('google/protobuf/descriptor.proto', { arrays: true });
  const codec = ofOptions['google.protobuf.FileDescriptorProto'] as MessageTypeDefinition<
    object,
    object
  >;
  const descriptors = files.map((file) => codec.deserialize(file) as FileDescriptor);
  for (const file of descriptors) {
    removeOptions(file, ofOptions);
    for (const [, message] of messagesOf(file)) nameMapEntries(message);
  }
  const homes = new Map(
    descriptors.flatMap((file) => typesOf(file).map((type) => [type, file.name] as const)),
  );
  for (const file of descriptors) nameReferences(file, homes);
  return descriptors.map((file) => codec.serialize(file));
}

/**
 * Removes custom options, which are extensions of descriptor.proto. Clients do not need these options. With
 * the descriptors that protobufjs makes for the options, clients cannot read the rest of the file.
 */
function removeOptions(file: FileDescriptor, ofOptions: PackageDefinition): void {
  const isKept = ({ name }: { name: string }): boolean =>
    file.package !== 'google.protobuf' || !(`google.protobuf.${name}` in ofOptions);
  const isNoOption = ({ extendee = '' }: FieldDescriptor): boolean =>
    !(extendee.replace(/^\./, '') in ofOptions);
  file.messageType = file.messageType.filter(isKept);
  file.enumType = file.enumType.filter(isKept);
  file.extension = file.extension.filter(isNoOption);
  for (const [, message] of messagesOf(file)) {
    message.extension = message.extension.filter(isNoOption);
  }
}

/** All messages of a file by full name, outer messages before nested ones. */
function messagesOf(file: FileDescriptor): [fullName: string, message: MessageDescriptor][] {
  const within = (scope: string, messages: MessageDescriptor[]): [string, MessageDescriptor][] =>
    messages.flatMap((message) => {
      const name = join(scope, message.name);
      return [[name, message], ...within(name, message.nestedType)];
    });
  return within(file.package ?? '', file.messageType);
}

/** The full names of all messages and enums of a file. */
function typesOf(file: FileDescriptor): string[] {
  const messages = messagesOf(file);
  const scopes = [[file.package ?? '', file] as const, ...messages];
  return [
    ...messages.map(([name]) => name),
    ...scopes.flatMap(([scope, { enumType }]) => enumType.map(({ name }) => join(scope, name))),
  ];
}

/** `map<…> snake_case = 1` is a repeated field of a nested message `SnakeCaseEntry`. */
function nameMapEntries({ nestedType, field }: MessageDescriptor): void {
  for (const entry of nestedType.filter(({ options }) => options?.mapEntry)) {
    const map = field.find((candidate) => isMapOf(candidate, entry.name));
    if (map === undefined) continue;
    entry.name = `${map.name.split('_').map(capitalized).join('')}Entry`;
    map.typeName = entry.name;
  }
}

/** The type name is not sufficient: a message of the application may have the name of the entry. */
function isMapOf({ name, label, typeName }: FieldDescriptor, entryName: string): boolean {
  return label === LABEL_REPEATED && typeName === entryName && capitalized(name) === entryName;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The name of a type in a descriptor, the scope of the reference, and a setter of the name. */
type Reference = [name: string, scope: string, rename: (fullName: string) => void];

/** Gives all type references of a file their full names, and adds the files of the types as dependencies. */
function nameReferences(file: FileDescriptor, homes: ReadonlyMap<string, string>): void {
  const needed = new Set(file.dependency);
  for (const [name, scope, rename] of referencesOf(file)) {
    const type = resolve(name, scope, homes);
    if (type === undefined) continue;
    rename(`.${type}`);
    needed.add(homes.get(type)!);
  }
  needed.delete(file.name);
  file.dependency = [...needed];
}

function referencesOf(file: FileDescriptor): Reference[] {
  const scopeOfFile = file.package ?? '';
  return [
    ...messagesOf(file).flatMap(([scope, { field, extension }]) =>
      [...field, ...extension].flatMap((found) => referencesOfField(found, scope)),
    ),
    ...file.extension.flatMap((found) => referencesOfField(found, scopeOfFile)),
    ...file.service
      .flatMap(({ method }) => method)
      .flatMap((method): Reference[] => [
        [method.inputType, scopeOfFile, (name) => (method.inputType = name)],
        [method.outputType, scopeOfFile, (name) => (method.outputType = name)],
      ]),
  ];
}

function referencesOfField(field: FieldDescriptor, scope: string): Reference[] {
  const { typeName = '', extendee = '' } = field;
  return [
    [typeName, scope, (name) => (field.typeName = name)],
    [extendee, scope, (name) => (field.extendee = name)],
  ];
}

/** The full name of the type that `name` means in `scope`: that of the innermost enclosing scope. */
function resolve(
  name: string,
  scope: string,
  homes: ReadonlyMap<string, string>,
): string | undefined {
  if (name === '') return undefined;
  if (name.startsWith('.')) return homes.has(name.slice(1)) ? name.slice(1) : undefined;
  const scopes = scope.split('.');
  for (let depth = scopes.length; depth >= 0; depth--) {
    const candidate = join(scopes.slice(0, depth).join('.'), name);
    if (homes.has(candidate)) return candidate;
  }
  return undefined;
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
