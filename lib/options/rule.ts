/** What one option may be, as the verifier reads it. */
export interface OptionRule {
  /** Completes the sentence "the option must be …". */
  readonly expects: string;
  /** What to do about text, which is what environment variables hold. */
  readonly ofText?: string;
  /** Whether the option has no default. */
  readonly isRequired?: true;
  /** Rules of the members, if the option is an object of options. */
  readonly members?: OptionRules;
  /** Whether unknown members are passed on as they are. */
  readonly isOpen?: true;
  /** Whether `value` has the right type. The verifier itself looks at the members of an object. */
  accepts(value: unknown): boolean;
  /** Completes "the option …" with what is wrong with members that are right one by one. */
  problemOf?(value: never): string | undefined;
}

/** Rules by the names of the options. */
export type OptionRules = Readonly<Record<string, OptionRule>>;

/**
 * What an option of the type `Value` may be. A rule for a narrower or a wider type does not compile in
 * its place, so that the rules and the types of the options cannot drift apart.
 */
export interface Rule<in out Value> extends OptionRule {
  problemOf?(value: Value): string | undefined;
}

/** One rule for each option of `Options`: a missing one, and one too many, do not compile. */
export type Rules<Options> = {
  readonly [Name in keyof Options]-?: Rule<Exclude<Options[Name], undefined>>;
};
