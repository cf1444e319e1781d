/** The rule of one option, as the verifier reads it. */
export interface OptionRule {
  /** Completes the sentence "the option must be …". */
  readonly expects: string;
  /** Remedy for a string value, which is what environment variables hold. */
  readonly ofText?: string;
  /** Whether the option has no default. */
  readonly isRequired?: true;
  /** Rules of the members, if the option is an object of options. */
  readonly members?: OptionRules;
  /** Whether unknown members are passed on unchanged. */
  readonly isOpen?: true;
  /** Whether `value` has the right type. The verifier itself checks the members of an object. */
  accepts(value: unknown): boolean;
  /** Returns what is wrong with a combination of valid members, if anything; completes "the option …". */
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
