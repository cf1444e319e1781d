/** The rule of one option, as the verifier reads it. */
export interface OptionRule {
  /** Completes the sentence "the option must be …". */
  readonly expects: string;
  /** Remedy to suggest if the value is a string; values of environment variables are strings. */
  readonly ofText?: string;
  /** Smallest and largest valid number, if the valid numbers are a range. */
  readonly range?: { readonly min: number; readonly max: number };
  /** Whether the option must be given. */
  readonly isRequired?: true;
  /** Rules of the members, if the option is an object of options. */
  readonly members?: OptionRules;
  /** Whether unknown members are passed on unchanged. */
  readonly isOpen?: true;
  /** Whether `value` has the right type. The verifier itself checks the members of an object. */
  accepts(value: unknown): boolean;
  /**
   * Describes a contradiction between members that are valid by themselves; undefined if there is none. The
   * description completes the sentence "the option …".
   */
  problemOf?(value: never): string | undefined;
}

/** Rules by the names of the options. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/**
 * The rule of an option of the type `Value`. A rule of a narrower or a wider type does not compile, so
 * that the rules and the types of the options cannot diverge.
 */
export interface Rule<in out Value> extends OptionRule {
  problemOf?(value: Value): string | undefined;
}

/** One rule for each option of `Options`. A missing or an additional rule does not compile. */
export type Rules<Options> = {
  readonly [Name in keyof Options]-?: Rule<Exclude<Options[Name], undefined>>;
};
