//! One POST, ready to leave: which receiver's body, which headers, and where to.

use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;

use super::ChannelError;
use super::Message;
use super::alertmanager;
use super::answer::Receiver;
use super::discord;
use super::endpoint;
use super::endpoint::Endpoint;
use super::pagerduty;
use super::slack;
use super::teams;
use super::webhook;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::SecretSource;
use crate::config::SlackFormat;
use crate::config::WebhookFormat;
use crate::secret::Secret;

/// One POST.
pub(super) struct Request {
    pub(super) receiver: Receiver,
    pub(super) endpoint: Endpoint,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads the channel's secrets, as they are now, and builds the body.
    pub(super) async fn prepare(
        channel: &Channel,
        message: &Message<'_>,
    ) -> Result<Self, ChannelError> {
        let name = &channel.name;
        match &channel.kind {
            ChannelKind::Slack { url, format } => {
                let receiver = match format {
                    SlackFormat::Blocks => Receiver::Slack,
                    SlackFormat::Attachments => Receiver::SlackLike,
                };
                let body = slack::render(message, *format).to_string().into_bytes();
                Self::plain(channel, receiver, url, body).await
            }
            ChannelKind::Webhook { url, secrets, format } => {
                let body = match format {
                    WebhookFormat::Standard => webhook::body(message),
                    WebhookFormat::Alertmanager => alertmanager::webhook(message, name),
                };
                let mut keys: Vec<Secret> = Vec::new();
                for source in secrets {
                    keys.push(endpoint::secret(name, source).await?);
                }
                let signed = webhook::headers(message.id, message.now, &body, &keys)
                    .ok_or_else(|| ChannelError::SigningSecret { channel: name.clone() })?;
                let mut request = Self::plain(channel, Receiver::Webhook, url, body).await?;
                for (key, value) in signed {
                    let value = HeaderValue::try_from(value)
                        .expect("ids, numbers and base64 are visible ASCII");
                    request.headers.insert(HeaderName::from_static(key), value);
                }
                request.hide(&keys);
                Ok(request)
            }
            ChannelKind::PagerDuty { url, routing_key } => {
                let key = endpoint::secret(name, routing_key).await?;
                let body = pagerduty::body(message, &key);
                let mut request = Self::plain(channel, Receiver::PagerDuty, url, body).await?;
                request.hide(&[key]);
                Ok(request)
            }
            ChannelKind::Teams { url } => {
                Self::plain(channel, Receiver::Teams, url, teams::body(message)).await
            }
            ChannelKind::Discord { url } => {
                let mut request =
                    Self::plain(channel, Receiver::Discord, url, discord::body(message)).await?;
                // Without this Discord says "taken" before it knows.
                request.endpoint.ask("wait", "true");
                Ok(request)
            }
            // A push may be several requests, and a mail is none.
            ChannelKind::Alertmanager { .. } | ChannelKind::Email(_) => {
                Err(ChannelError::Unsupported { channel: name.clone() })
            }
        }
    }

    /// A push of alerts. An error where the channel is no Alertmanager.
    pub(super) async fn to_alertmanager(
        channel: &Channel,
        body: Vec<u8>,
    ) -> Result<Self, ChannelError> {
        let ChannelKind::Alertmanager { url, token, .. } = &channel.kind else {
            return Err(ChannelError::Unsupported { channel: channel.name.clone() });
        };
        let mut request = Self::plain(channel, Receiver::Alertmanager, url, body).await?;
        request.endpoint.below(&alertmanager::PATH);
        if let Some(token) = token {
            let token = endpoint::secret(&channel.name, token).await?;
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
                .map_err(|_| ChannelError::Token { channel: channel.name.clone() })?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
            request.hide(&[token]);
        }
        Ok(request)
    }

    async fn plain(
        channel: &Channel,
        receiver: Receiver,
        url: &SecretSource,
        body: Vec<u8>,
    ) -> Result<Self, ChannelError> {
        let url = endpoint::secret(&channel.name, url).await?;
        let endpoint = Endpoint::parse(&channel.name, url.expose(), channel.insecure)?;
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        Ok(Self { receiver, endpoint, headers, body })
    }

    fn hide(&mut self, secrets: &[Secret]) {
        for secret in secrets {
            self.endpoint.hide(secret);
        }
    }
}
