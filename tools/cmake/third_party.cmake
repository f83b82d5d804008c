# Third parties that the guest supervisor, which is one static file, links as well: one name each. A target with the
# property PORTREEVE_STATIC gets the archive, every other the shared library.
function(portreeve_third_party name shared)
  add_library(portreeve_third_party_${name} INTERFACE)
  target_link_libraries(portreeve_third_party_${name} INTERFACE
    "$<IF:$<BOOL:$<TARGET_PROPERTY:PORTREEVE_STATIC>>,${ARGN},${shared}>")
  add_library(portreeve::${name} ALIAS portreeve_third_party_${name})
endfunction()

find_library(PORTREEVE_CRYPTO_ARCHIVE libcrypto.a REQUIRED)
find_library(PORTREEVE_SSL_ARCHIVE libssl.a REQUIRED)
find_library(PORTREEVE_YAML_ARCHIVE libyaml-cpp.a REQUIRED)
# Debian has no archive of fmt.
add_library(portreeve_fmt_archive STATIC EXCLUDE_FROM_ALL tools/cmake/fmt_archive.cc)

portreeve_third_party(fmt fmt::fmt portreeve_fmt_archive)
portreeve_third_party(crypto OpenSSL::Crypto "${PORTREEVE_CRYPTO_ARCHIVE}")
portreeve_third_party(ssl OpenSSL::SSL "${PORTREEVE_SSL_ARCHIVE};${PORTREEVE_CRYPTO_ARCHIVE}")
portreeve_third_party(yaml yaml-cpp "${PORTREEVE_YAML_ARCHIVE}")
