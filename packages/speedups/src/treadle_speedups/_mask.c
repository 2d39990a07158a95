/* unmask(): the XOR of RFC 6455 section 5.3, eight bytes at a time.

   Written for the limited API, so that one module serves every Python from 3.11 on. The compiler
   turns the loop into vector instructions where the processor has them. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define KEY_SIZE 4

static void
apply(char *restrict out, const char *restrict in, Py_ssize_t size, const char *key)
{
    uint64_t wide, word;
    Py_ssize_t at = 0;

    memcpy(&wide, key, KEY_SIZE);
    memcpy((char *)&wide + KEY_SIZE, key, KEY_SIZE);
    /* memcpy: neither side is aligned, and the order of bytes in a word does not matter. */
    for (; size - at >= (Py_ssize_t)sizeof(wide); at += (Py_ssize_t)sizeof(wide)) {
        memcpy(&word, in + at, sizeof(word));
        word ^= wide;
        memcpy(out + at, &word, sizeof(word));
    }
    for (; at < size; at++) {
        out[at] = (char)(in[at] ^ key[at % KEY_SIZE]);
    }
}

PyDoc_STRVAR(unmask_doc,
"unmask($module, data, start, stop, key, /)\n"
"--\n"
"\n"
"Return ``data[start:stop]``, each byte XORed with one of the four of ``key``, repeated.\n"
"\n"
"``data`` and ``key`` are contiguous buffers of bytes. The first byte of the result is that of\n"
"``start``, with the first of ``key``: rotate the key for payload that starts in the middle.\n"
"Raises ``ValueError`` for another length of the key, or a range that is not inside of the data.");

static PyObject *
unmask(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_buffer data, key;
    Py_ssize_t start, stop;
    PyObject *result = NULL;

    if (count != 4) {
        return PyErr_Format(PyExc_TypeError, "unmask() takes 4 arguments, not %zd", count);
    }
    start = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
    if (start == -1 && PyErr_Occurred()) {
        return NULL;
    }
    stop = PyNumber_AsSsize_t(args[2], PyExc_OverflowError);
    if (stop == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (PyObject_GetBuffer(args[0], &data, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    if (PyObject_GetBuffer(args[3], &key, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&data);
        return NULL;
    }
    if (key.len != KEY_SIZE) {
        PyErr_Format(PyExc_ValueError, "key of %zd bytes; a mask has 4", key.len);
    }
    else if (start < 0 || start > stop || stop > data.len) {
        PyErr_Format(PyExc_ValueError, "range %zd to %zd is not inside of the %zd bytes of data",
                     start, stop, data.len);
    }
    else {
        result = PyBytes_FromStringAndSize(NULL, stop - start);
        /* The empty bytes object is shared; there is nothing to write into it. */
        if (result != NULL && stop > start) {
            apply(PyBytes_AsString(result), (const char *)data.buf + start, stop - start, key.buf);
        }
    }
    PyBuffer_Release(&key);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef methods[] = {
    {"unmask", (PyCFunction)(void (*)(void))unmask, METH_FASTCALL, unmask_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "treadle_speedups._mask",
    .m_doc = "The mask of WebSocket frames, compiled.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__mask(void)
{
    return PyModuleDef_Init(&module);
}
