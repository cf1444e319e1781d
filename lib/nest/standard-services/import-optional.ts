/**
 * Imports an optional peer of this package because `option` asks for it.
 *
 * @param load - `() => import('NAME')`, where bundlers and TypeScript can see the name.
 * @throws Error that names option and package, with the import's own error as `cause`.
 */
export async function importOptional<T>(
  option: string,
  name: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(
      `the option "${option}" needs the package ${name}, which cannot be loaded: npm install ${name}`,
      { cause },
    );
  }
}
