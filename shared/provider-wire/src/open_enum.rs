//! Enums of a provider's: every one of them may get another value at any time, without a new API version.

/// Declares an enum with one variant for each known text, which may have further spellings, and `Other` for
/// everything else.
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal $(| $spelling:literal)*,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_attribute])* $variant,)+
            /// A value that this version does not know, as it was written.
            Other(String),
        }

        impl $name {
            /// The value as it is written.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text $(| $spelling)* => Self::$variant,)+
                    _ => Self::Other(text.to_owned()),
                }
            }
        }
    };
}
