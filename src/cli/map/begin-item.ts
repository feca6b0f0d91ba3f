// Stands in until the pool has a function of this name.
// Nothing else belongs here.

export function beginItem(_index: number): void {}
