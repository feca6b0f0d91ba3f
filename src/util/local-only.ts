// The mark of objects that belong to the process that made them: sending one is refused by its name.

/** A property with the name of the class, for messages. */
export const localOnly: unique symbol = Symbol('forkyard.localOnly');
