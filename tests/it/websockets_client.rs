//! The Python `websockets` client against our server.

use e2e::peer::tell;
use e2e::server::Server;

#[tokio::test]
async fn text_and_binary_come_back_as_they_went() -> anyhow::Result<()> {
    tell("echo", &Server::start().await?).await
}

#[tokio::test]
async fn a_room_hears_who_comes_what_is_said_and_who_goes() -> anyhow::Result<()> {
    tell("chat", &Server::start().await?).await
}

#[tokio::test]
async fn a_task_reports_until_it_is_done_and_a_wrong_one_harms_nothing() -> anyhow::Result<()> {
    tell("task_runner", &Server::start().await?).await
}

#[tokio::test]
async fn a_message_over_the_limit_closes_with_1009() -> anyhow::Result<()> {
    tell("too_large", &Server::start().await?).await
}

#[tokio::test]
async fn hello_greets_and_closes_with_1000() -> anyhow::Result<()> {
    tell("hello", &Server::start().await?).await
}

#[tokio::test]
async fn items_open_for_a_token_and_close_with_1008_without() -> anyhow::Result<()> {
    tell("items", &Server::start().await?).await
}
