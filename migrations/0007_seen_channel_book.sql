-- In the payment book: which version of the channel book a payment was last decided with. Whoever reads an
-- older channel book beside it has read half of a decision, and looks again.
ALTER TABLE book_change ADD COLUMN seen_channel_version integer;
