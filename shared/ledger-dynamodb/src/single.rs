//! Single writes: sent from here, with one reading of why one was not written (F1, F3).
//!
//! DynamoDB refuses a single write while a transaction is at work on its item. A transaction takes some
//! milliseconds, so the write is sent again a few times, after a wait with full jitter. An account's entries
//! are not written here: a caller that meets a transaction there decides again on the newest entry.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::Tables;
use crate::error::{StoreError, condition_failed, meets_transaction};
use crate::item::Item;

/// Six attempts wait for at most 620 ms, far within the shortest function timeout (10 s).
const ATTEMPTS_MAX: u32 = 6;
/// The first wait's bound, in milliseconds: about two round trips, in which a transaction ends.
const BASE_MS: u64 = 20;

impl Tables {
    /// Sends a write and says whether it is written: it is not where its condition does not hold.
    pub(crate) async fn write<T, E, F, Sent>(&self, send: F) -> Result<bool, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Fn() -> Sent + Send,
        Sent: Future<Output = Result<T, SdkError<E>>> + Send,
    {
        for attempt in 0..ATTEMPTS_MAX {
            // A write in flight is large, and this is part of the futures of whole handlers.
            match Box::pin(send()).await {
                Ok(_) => return Ok(true),
                Err(error) if condition_failed(&error) => return Ok(false),
                Err(error) if meets_transaction(&error) => {}
                Err(error) => return Err(StoreError::of(error)),
            }
            self.pause(attempt).await;
        }
        Err(StoreError::Contended)
    }

    /// Puts an item unless its attribute `name` says the same already; true if that is news.
    pub(crate) async fn put_news(
        &self,
        table: &str,
        item: Item,
        name: &'static str,
    ) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(table)
            .condition_expression("attribute_not_exists(pk) OR #said <> :said")
            .expression_attribute_names("#said", name)
            .set_expression_attribute_values(
                item.get(name).map(|said| [(":said".to_owned(), said.clone())].into()),
            )
            .set_item(Some(item));
        self.write(|| put.clone().send()).await
    }

    async fn pause(&self, attempt: u32) {
        let bound_ms = BASE_MS.saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX));
        if let Some(clock) = self.client.config().sleep_impl() {
            clock.sleep(Duration::from_millis(fastrand::u64(0..=bound_ms))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_sdk_dynamodb::config::http::HttpResponse;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    use super::*;
    use crate::in_process;

    /// An answer of 400 with this code, as the operation's error `E`.
    fn refused<E>(of: fn(ErrorMetadata) -> E, code: &str) -> SdkError<E> {
        let metadata = ErrorMetadata::builder().code(code).build();
        let status = 400.try_into().unwrap();
        SdkError::service_error(of(metadata), HttpResponse::new(status, "".into()))
    }

    /// A write that is refused with each of these codes in turn, and taken afterwards; with how often it was
    /// sent.
    async fn sent<E>(of: fn(ErrorMetadata) -> E, codes: &[&str]) -> (Result<bool, StoreError>, u32)
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (tables, _) = in_process::tables().await;
        let calls = AtomicU32::new(0);
        let written = tables.write(|| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            let code = codes.get(usize::try_from(call).unwrap());
            std::future::ready(match code {
                Some(code) => Err(refused(of, code)),
                None => Ok(()),
            })
        });
        (written.await, calls.load(Ordering::Relaxed))
    }

    async fn check<E>(of: fn(ErrorMetadata) -> E)
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        const CONFLICT: &str = "TransactionConflictException";
        const CONDITION: &str = "ConditionalCheckFailedException";
        for attempts in 1..=ATTEMPTS_MAX {
            let codes = vec![CONFLICT; usize::try_from(attempts.saturating_sub(1)).unwrap()];
            let (written, calls) = sent(of, &codes).await;
            assert_eq!((written.unwrap(), calls), (true, attempts));
        }
        let (written, calls) = sent(of, &[CONFLICT; 20]).await;
        let error = written.unwrap_err();
        assert!(matches!(error, StoreError::Contended) && error.retryable(), "{error:?}");
        assert_eq!(calls, ATTEMPTS_MAX);
        let (written, calls) = sent(of, &[CONFLICT, CONDITION]).await;
        assert_eq!((written.unwrap(), calls), (false, 2));
        let (written, calls) = sent(of, &["ThrottlingException"]).await;
        assert!(matches!(written, Err(StoreError::Throttled)) && calls == 1, "{written:?}");
    }

    #[tokio::test]
    async fn f1_f3_a_single_write_that_meets_transactions_is_sent_again_and_bounded() {
        check(PutItemError::generic).await;
        check(UpdateItemError::generic).await;
        check(DeleteItemError::generic).await;
    }
}
