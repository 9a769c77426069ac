/** Takes in a broken rule: its name, and what was seen. */
export type Report = (id: string, words: string) => void;
