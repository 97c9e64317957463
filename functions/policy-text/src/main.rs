//! Wiring of the policy-text function.

use std::process::ExitCode;

use policy_documents::documents;
use policy_text::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("policy-text", async |function| {
        function.serve_http(async |request, invocation| handle(documents(), request, invocation)).await
    })
    .await
}
