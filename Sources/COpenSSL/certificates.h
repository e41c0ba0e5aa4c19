/// Certificates and keys, for the control plane. OpenSSL's lists are macros, which Swift cannot
/// see: these say them as functions.
#pragma once
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

/// Notes in `asked`, an int, that the key is encrypted, and gives no password.
static inline int hr_no_password(char *text, int size, int writing, void *asked) {
  (void)text, (void)size, (void)writing;
  *(int *)asked = 1;
  return -1;
}

/// The key of a PEM text; NULL when there is none that can be read.
static inline EVP_PKEY *hr_pem_key(const void *bytes, int count, int *is_encrypted) {
  *is_encrypted = 0;
  BIO *bio = BIO_new_mem_buf(bytes, count);
  if (!bio) return NULL;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, hr_no_password, is_encrypted);
  BIO_free(bio);
  return key;
}

/// The next certificate of a PEM text; NULL at its end (`is_end`) or at one that is broken.
static inline X509 *hr_pem_certificate(BIO *bio, int *is_end) {
  ERR_clear_error();
  X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
  unsigned long error = ERR_peek_last_error();
  *is_end = !certificate && ERR_GET_LIB(error) == ERR_LIB_PEM
      && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  return certificate;
}

static inline GENERAL_NAMES *hr_alternative_names(const X509 *certificate) {
  return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int hr_names_count(const GENERAL_NAMES *names) {
  return sk_GENERAL_NAME_num(names);
}

static inline void hr_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

/// The bytes of a DNS name; NULL when the name at this place is of another kind.
static inline const unsigned char *hr_dns_name(
    const GENERAL_NAMES *names, int place, int *count) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, place);
  if (!name || name->type != GEN_DNS) return NULL;
  *count = ASN1_STRING_length(name->d.dNSName);
  return ASN1_STRING_get0_data(name->d.dNSName);
}

/// Seconds since 1970; 0 when the time cannot be read.
static inline long long hr_unix_time(const ASN1_TIME *time) {
  ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
  int days = 0, seconds = 0;
  int fine = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time);
  ASN1_TIME_free(epoch);
  return fine ? (long long)days * 86400 + seconds : 0;
}

/// What is wrong with the last call, in OpenSSL's words.
static inline const char *hr_last_reason(void) {
  unsigned long error = ERR_peek_last_error();
  const char *reason = error ? ERR_reason_error_string(error) : NULL;
  return reason ? reason : "unknown reason";
}

/// On one line, as in `CN = example.com`; bytes above 0x7f as they are.
static inline void hr_name_print(BIO *bio, const X509_NAME *name) {
  X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
}

static inline EVP_PKEY *hr_new_p256_key(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *hr_new_rsa_key(unsigned int bits) { return EVP_RSA_gen(bits); }

/// Adds an extension as openssl.cnf would write it. 1 when it worked.
static inline int hr_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  if (!extension) return 0;
  int fine = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return fine;
}

static inline int hr_write_key(BIO *bio, const EVP_PKEY *key) {
  return PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
}
