//! The windows of a browser that show the same page.

use thirtyfour::WindowHandle;

use super::Page;

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
