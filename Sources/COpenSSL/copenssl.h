/// The parts of OpenSSL (libssl-dev) that Headrace uses. What OpenSSL says as a macro is a function
/// here, for Swift cannot see macros.
#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// MARK: contexts

static inline int hr_tls_minimum(SSL_CTX *c, int version) {
  return SSL_CTX_set_min_proto_version(c, version);
}
static inline int hr_tls_groups(SSL_CTX *c, const char *list) {
  return (int)SSL_CTX_set1_groups_list(c, list);
}
/// Memory for records only while there are some; no renegotiation; no compression.
static inline void hr_tls_modes(SSL_CTX *c) {
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}
/// Suites of TLS 1.3, first the one that is wanted most.
static inline int hr_tls_suites(SSL_CTX *c, const char *list) {
  return SSL_CTX_set_ciphersuites(c, list);
}
/// Our order of suites counts, but for a client whose first choice is ChaCha20: it has no AES in
/// hardware.
static inline void hr_tls_own_order(SSL_CTX *c) {
  SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}
/// Neither tickets nor, in TLS 1.3, what stands in for them.
static inline void hr_tls_no_tickets(SSL_CTX *c) {
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(c, 0);
}
/// The callback hears of each step of the handshake machine, also after the handshake, and of
/// alerts.
static inline void hr_tls_listen(SSL_CTX *c, void (*hear)(const SSL *, int, int)) {
  SSL_CTX_set_info_callback(c, hear);
}
static inline void hr_tls_no_cache(SSL_CTX *c) {
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
}
/// Sessions of clients go to the callback alone.
static inline void hr_tls_client_sessions(SSL_CTX *c) {
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline void hr_tls_choose_name(SSL_CTX *c, int (*choose)(SSL *, int *, void *), void *arg) {
  SSL_CTX_set_tlsext_servername_callback(c, choose);
  SSL_CTX_set_tlsext_servername_arg(c, arg);
}
static inline int hr_tls_new_index(
    void (*release)(void *, void *, CRYPTO_EX_DATA *, int, long, void *)) {
  return CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, release);
}
static inline int hr_tls_add_intermediate(SSL_CTX *c, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(c, certificate);
}

// MARK: connections

static inline int hr_tls_send_name(SSL *s, const char *name) {
  return (int)SSL_set_tlsext_host_name(s, name);
}
/// What the client asked for, or NULL.
static inline const char *hr_tls_name(const SSL *s) {
  return SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
}
static inline void hr_tls_retry_read(BIO *b) { BIO_set_retry_read(b); }
static inline void hr_tls_clear_retry(BIO *b) { BIO_clear_retry_flags(b); }
/// The session may be taken again, however the connection ends.
static inline void hr_tls_quiet_end(SSL *s) {
  SSL_set_shutdown(s, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

// MARK: certificates

/// A password that is asked for is not given: nobody sits there.
static inline int hr_tls_no_password(char *text, int size, int writing, void *data) {
  (void)text, (void)size, (void)writing, (void)data;
  return -1;
}
static inline X509 *hr_tls_read_certificate(BIO *b) {
  return PEM_read_bio_X509(b, NULL, hr_tls_no_password, NULL);
}
static inline EVP_PKEY *hr_tls_read_key(BIO *b) {
  return PEM_read_bio_PrivateKey(b, NULL, hr_tls_no_password, NULL);
}
/// The last read came to the end of the text and found nothing more.
static inline int hr_tls_at_pem_end(void) {
  unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}
/// Why the last call failed, in OpenSSL's words.
static inline const char *hr_tls_reason(void) {
  unsigned long error = ERR_peek_last_error();
  const char *reason = error ? ERR_reason_error_string(error) : NULL;
  return reason ? reason : "unknown reason";
}
/// The subject as RFC 2253 writes it, in ASCII. Its length, which may be more than `size`; nothing
/// is written then.
static inline int hr_tls_subject(const X509 *certificate, char *text, int size) {
  BIO *b = BIO_new(BIO_s_mem());
  if (!b) return 0;
  X509_NAME_print_ex(b, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char *bytes = NULL;
  long count = BIO_get_mem_data(b, &bytes);
  if (count > 0 && count <= size) memcpy(text, bytes, (size_t)count);
  BIO_free(b);
  return (int)count;
}
/// Its SHA-256 in 32 bytes.
static inline int hr_tls_fingerprint(const X509 *certificate, unsigned char *out) {
  unsigned int count = 0;
  return X509_digest(certificate, EVP_sha256(), out, &count) == 1 && count == 32;
}

// MARK: tickets

/// The key of a ticket's HMAC-SHA-256.
static inline int hr_tls_ticket_mac(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
  OSSL_PARAM parameters[3] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters);
}
