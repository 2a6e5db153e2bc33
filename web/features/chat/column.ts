/** The column that a chat is read in: as wide as the field it is written in, with room for a menu beside it on a desk. */
export const COLUMN = "mx-auto max-w-3xl px-4 desk:max-w-[calc(var(--container-3xl)+72px)] desk:px-9";
