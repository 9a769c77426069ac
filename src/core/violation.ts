/** What a broken invariant is called, and where the checks report it. */
export type InvariantId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I11'
  | 'I13'
  | 'I14'
  | 'I15'
  | 'I19';
export type Violation = { readonly id: InvariantId; readonly words: string };

export type Broken = (id: InvariantId, words: string) => void;
