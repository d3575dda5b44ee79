//! Sessions of `keepline.v1` in real browsers: what is sent arrives once and in order, whatever
//! happens to the network and to the server.

mod chat;
mod frames;
mod plain_server;
mod recovery;
mod server;
mod storm;
mod worker;
