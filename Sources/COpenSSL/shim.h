#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// How RFC 2253 writes a name: a macro made of macros, which Swift does not import.
static const unsigned long rfc2253Form = XN_FLAG_RFC2253;
