//! What a browser does to a page, and what becomes of the page's session: nothing is lost, doubled
//! or out of order, and there are never two live connections.

mod away;
mod network;
mod pouring;
mod shown;
mod standstill;
