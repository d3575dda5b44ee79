//! The pure core of Keepline.
#![no_std]
