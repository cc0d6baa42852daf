//! Typed records with indexes, optimistic commits, history and a change feed.
