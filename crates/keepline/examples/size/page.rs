// What every page of a size has: it sends a message, and reads what comes.

use keepline::Socket;

fn main() {
    wasm_bindgen_futures::spawn_local(async {
        let line = Socket::<Message, Message, Codec>::builder("/notes").connect();
        let Ok(mut socket) = line else { return };
        if socket.send(&first()).is_ok() {
            while let Some(Ok(message)) = socket.next().await {
                assert!(weight(&message) > 0);
            }
        }
    });
}
