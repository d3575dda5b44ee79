//! The windows of a browser that show the same page.

use thirtyfour::WindowHandle;

use super::Page;
use crate::wait::{PATIENCE, until};

impl Page {
    /// The window that shows the page now.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub async fn window(&self) -> anyhow::Result<WindowHandle> {
        Ok(self.browser.driver().window().await?)
    }

    /// Loads the page once more, in a tab before all others; what is asked is asked there from now
    /// on.
    ///
    /// # Errors
    ///
    /// When the browser opens no tab, or the page does not load.
    pub async fn open_again(&self) -> anyhow::Result<WindowHandle> {
        let window = self.cover().await?;
        self.visit().await?;
        Ok(window)
    }

    /// Opens an empty tab before all others: the page is hidden from now on.
    ///
    /// # Errors
    ///
    /// When the browser opens no tab.
    pub async fn cover(&self) -> anyhow::Result<WindowHandle> {
        let window = self.browser.driver().new_tab().await?;
        self.ask_in(&window).await?;
        Ok(window)
    }

    /// Minimizes the window: the page is hidden from now on, and knows it.
    ///
    /// # Errors
    ///
    /// When the browser does not, as Chromium with windows but without a window manager.
    pub async fn hide(&self) -> anyhow::Result<()> {
        self.browser.driver().minimize_window().await?;
        self.is_hidden(true).await
    }

    /// Restores the window: the page is shown from now on, and knows it.
    ///
    /// # Errors
    ///
    /// When the browser does not.
    pub async fn show(&self) -> anyhow::Result<()> {
        self.browser.driver().set_window_rect(0, 0, 900, 700).await?;
        self.is_hidden(false).await
    }

    async fn is_hidden(&self, hidden: bool) -> anyhow::Result<()> {
        until("the page to know whether it is hidden", PATIENCE, async || {
            let so: bool = self.run("return document.hidden", vec![]).await?;
            Ok((so == hidden).then_some(()))
        })
        .await
    }

    /// What is asked is asked in this window from now on.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub async fn ask_in(&self, window: &WindowHandle) -> anyhow::Result<()> {
        Ok(self.browser.driver().switch_to_window(window.clone()).await?)
    }

    /// Closes this window, and asks in the other from now on.
    ///
    /// # Errors
    ///
    /// When one of them is gone.
    pub async fn close(&self, window: &WindowHandle, other: &WindowHandle) -> anyhow::Result<()> {
        self.ask_in(window).await?;
        self.browser.driver().close_window().await?;
        self.ask_in(other).await
    }
}
